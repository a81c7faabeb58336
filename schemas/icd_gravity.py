"""Does an illness by itself call for a bed?

By ICD-10 (GB/T 14396), main diagnosis. *Mild*: treated by an outpatient department, or looked after at home, unless something
is done that needs a bed. *Serious or unclear*: what is looked for may be grave, so that days of tests are the treatment.
Anything else is *ordinary*: a list alone decides nothing, rules ask for stronger marks there.
Sources: notices on 低标准入院 name 上呼吸道感染, 高血压, 腰椎间盘突出, 颈椎病, 胃炎, 失眠, 头晕;
the rest is by their likeness (ENG).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, TypeAlias

Gravity: TypeAlias = Literal["check-up", "mild", "ordinary", "serious"]

# 体检: an examination without a complaint, also to see that what was treated is well (Z09); not Z03 (observation for a suspected
# disease), nor Z08 (after a tumour).
_CHECK_UP: Final = ("Z00", "Z01", "Z02", "Z09", "Z10", "Z11", "Z12", "Z13")

_MILD: Final = (
    "I10",  # essential hypertension
    "I83.9", "I84", "K64", "I95",  # varicose veins without ulcer, haemorrhoids, low blood pressure
    "J00", "J01", "J02", "J03", "J04", "J06", "J20", "J30", "J31", "J32", "J37", "J40", "J42",  # upper airways, bronchitis
    "J10.1", "J11.1",  # influenza without pneumonia
    "K21", "K29.3", "K29.4", "K29.5", "K29.6", "K29.7", "K29.9", "K30", "K58", "K59.0", "K59.1", "K76.0",  # stomach, bowels
    "K02", "K03", "K04", "K05", "K08", "K12",  # teeth, mouth
    "A09", "K52.9",  # gastroenteritis
    "M10", "M13", "M15", "M16", "M17", "M19", "M25", "M47", "M48.0", "M50", "M51", "M53", "M54", "M62", "M65", "M70",
    "M75", "M76", "M77", "M79", "M81",  # joints, back and neck pain, discs, shoulder, thin bones without a fracture
    "R42", "R51", "H81", "H82", "G43", "G44", "G47", "F51",  # vertigo, headache, sleep
    "F41", "F45", "F48", "R53",  # worry, fatigue
    "E11.9", "E14.9", "E10.9", "E66", "E78", "E79.0", "E04", "E03.9",  # diabetes without complication, fats, thyroid nodule
    "N30", "N39.0", "N40", "N72", "N76", "N86", "N91", "N92", "N94", "N95", "N60",  # bladder, prostate, women's complaints
    "B35", "B02.9", "L20", "L21", "L23", "L24", "L25", "L28", "L29", "L30", "L40", "L50", "L70",  # skin
    "H00", "H01", "H04", "H10", "H11", "H25", "H26", "H52", "H60", "H61", "H65", "H90", "H91", "H93",  # eyes, ears
)  # fmt: skip

_SERIOUS: Final = (
    "C", "D",  # tumours and those of unknown kind, blood
    "I05", "I11", "I12", "I13", "I20", "I21", "I22", "I23", "I24", "I25", "I26", "I3", "I4", "I5", "I6", "I7",
    "A0", "A1", "A3", "A4", "B1", "B2", "G0", "G1", "G2", "G3", "G40", "G41", "G45", "G5", "G6", "G8",
    "J09", "J10.0", "J11.0", "J12", "J13", "J14", "J15", "J16", "J17", "J18", "J44", "J45", "J46", "J8", "J9",
    "K25", "K26", "K27", "K28", "K29.0", "K35", "K36", "K37", "K55", "K56", "K57", "K65", "K7", "K8", "K92",
    "N0", "N1", "N20", "N23", "O", "P", "Q", "S", "T", "V", "W", "X", "Y", "F0", "F1", "F2", "F3", "F9",
    "R04", "R06", "R07", "R09", "R10", "R18", "R31", "R40", "R50", "R52", "R55", "R56", "R57", "R59", "R63.4", "R9",
    "E05", "E15", "E16", "E87", "E10.0", "E10.1", "E11.0", "E11.1", "Z03", "Z08", "Z4", "Z5", "Z9", "U",
)  # fmt: skip


@lru_cache(maxsize=8_192)
def gravity(diagnosis: str) -> Gravity:
    """How grave; a longer code decides before a shorter one."""
    best: tuple[int, Gravity] = (0, "ordinary")
    kinds: tuple[tuple[tuple[str, ...], Gravity], ...] = (
        (_CHECK_UP, "check-up"),
        (_MILD, "mild"),
        (_SERIOUS, "serious"),
    )
    for codes, kind in kinds:
        for code in codes:
            if len(code) > best[0] and diagnosis.startswith(code):
                best = len(code), kind
    return best[1]
