"""Which illnesses are neighbours? The blocks of ICD-10's chapters, by the three-character category each begins with.

Two diagnoses are related where they stand in one block (E10–E14: diabetes). The list is ICD-10's own (WHO, 2019), but that
diseases of the heart (I20–I52), of the back (M40–M54) and acute ones of the lower airways (J09–J22) are one each: a complaint
is coded now as one, now as the other of them.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

_CATEGORIES: Final = """
    A00 A15 A20 A30 A50 A65 A70 A75 A80 A92 B00 B15 B20 B25 B35 B50 B65 B85 B90 B95 B99
    C00 C15 C30 C40 C43 C45 C50 C51 C60 C64 C69 C73 C76 C81 C97 D00 D10 D37 D50 D55 D60 D65 D70 D80
    E00 E10 E15 E20 E40 E50 E65 E70 F00 F10 F20 F30 F40 F50 F60 F70 F80 F90 F99
    G00 G10 G20 G30 G35 G40 G50 G60 G70 G80 G90 H00 H10 H15 H25 H30 H40 H43 H46 H49 H53 H55 H60 H65 H80 H90
    I00 I05 I10 I20 I60 I70 I80 I95 J00 J09 J30 J40 J60 J80 J85 J90 J95
    K00 K20 K35 K40 K50 K55 K65 K70 K80 K90 L00 L10 L20 L40 L50 L55 L60 L80
    M00 M05 M15 M20 M30 M40 M60 M65 M70 M80 M86 M91 M95 N00 N10 N17 N20 N25 N30 N40 N60 N70 N80 N99
    O00 O10 O20 O30 O60 O80 O85 O94 P00 P05 P10 P20 P35 P50 P70 P75 P80 P90 Q00 Q10 Q20 Q30 Q35 Q38 Q50 Q60 Q65 Q80 Q90
    R00 R10 R20 R25 R30 R40 R47 R50 R70 R80 R83 R90 R95
    S00 S10 S20 S30 S40 S50 S60 S70 S80 S90 T00 T08 T15 T20 T29 T33 T36 T51 T66 T79 T80 T90
    U00 V01 W00 X00 X60 X85 Y10 Y40 Y85 Z00 Z20 Z30 Z40 Z55 Z70 Z80
"""
_BEGINNINGS: Final = tuple(_CATEGORIES.split())


def related(one: str, other: str) -> bool:
    """Whether both diagnoses stand in one block; false where one is missing."""
    return bool(one and other) and bisect_right(_BEGINNINGS, one[:3]) == bisect_right(_BEGINNINGS, other[:3])
