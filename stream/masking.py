"""How is a record shown that holds personal data, so that its fault can be seen and its person cannot?

The record may be broken, so this works on its text: the values of fields that name or find a person are replaced by their
length, and so is every long run of digits that does not stand in a field known to identify a thing. A name in a text so
broken that its field cannot be told may still be seen.
"""

from __future__ import annotations

import re

# Possessive: a text of megabytes would otherwise be remembered at every character, at 190 bytes each.
_FIELD = re.compile(r'"(\w++)"(\s*+:\s*+)("[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?\d[\d.]*+)')
_PERSONAL = re.compile(r"psn_no|cert_?no|name|addr|tel\b|mob|coner|card|brdy|die_|patn|emp_|_no$|photo|sign")
_OF_THINGS = re.compile(
    r"^(fixmedins|medins|dept|adm_dept|dscg_dept|dise|diag|hilist|drug|item|med_list|oprn|prod|spler)\w*_name$"
    r"|^(atddr|bilg_dr|dise_dor|dscg_chfpdr|dept|sign|ipt|ipt_otp|trt|rx|seq|batch|invo|manu_lot)_?no$|^(drord|bed)_no$"
)
_IDENTIFIERS = re.compile(r"^(o?msgid|inf_refmsgid|\w*_id|\w*_sn|\w*_bchno|\w*_codg|\w*_code|rxno|infno|admvs|admdvs)$")
_LONG_NUMBER = re.compile(r"\d{11,}[Xx]?")


def masked(value: bytes) -> str:
    """A record's bytes as text without what would name or find its person.

    >>> masked(b'{"msgid": "H50010600012202603010830000001", "psn_no": "500106000000001", "cnt": "2,0"}')
    '{"msgid": "H50010600012202603010830000001", "psn_no": "***(15)", "cnt": "2,0"}'
    """
    return _outside_fields(value.decode("utf-8", "backslashreplace"))


def masked_number(text: str) -> str:
    """A text whose long runs of digits are replaced by their length.

    >>> masked_number("13912345678, 3 times")
    '***(11), 3 times'
    """
    return _LONG_NUMBER.sub(lambda found: f"***({len(found.group())})", text)


def _outside_fields(text: str) -> str:
    parts, end = [], 0
    for field in _FIELD.finditer(text):
        parts += [masked_number(text[end : field.start()]), _shown(*field.groups())]
        end = field.end()
    return "".join([*parts, masked_number(text[end:])])


def _shown(name: str, colon: str, value: str) -> str:
    if _IDENTIFIERS.match(name) or value == '""':
        return f'"{name}"{colon}{value}'
    if _PERSONAL.search(name) and not _OF_THINGS.match(name):
        return f'"{name}"{colon}"***({len(value.strip(chr(34)))})"'
    return f'"{name}"{colon}{masked_number(value)}'
