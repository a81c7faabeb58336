"""Which kind of thing does a code of the interface name? (domain.md §2)

Local systems extend the national two-digit codes to three to six digits, and databases lose leading zeros, so every
test here goes by prefix after `code_text` has put the code back into its textual form.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

# med_chrgitm_type 收费类别
BED, CONSULTING, EXAMINATION, LABORATORY, TREATMENT, OPERATION, NURSING = "01", "02", "03", "04", "05", "06", "07"
MATERIAL, WESTERN_DRUG, HERBAL_PIECES, CHINESE_DRUG, GENERAL_VISIT, REGISTRATION, OTHER_CHARGE = (
    "08", "09", "10", "11", "12", "13", "14",
)  # fmt: skip
# 床位, 诊察, 护理 (and the flat visit and registration fees) are billed for a bed that nobody sleeps in too.
ROUTINE: Final = frozenset({BED, CONSULTING, NURSING, GENERAL_VISIT, REGISTRATION})
DRUGS: Final = frozenset({WESTERN_DRUG, HERBAL_PIECES, CHINESE_DRUG})
VOLUME_ITEMS: Final = frozenset({MATERIAL, WESTERN_DRUG, HERBAL_PIECES, CHINESE_DRUG})
_DRUG_PREFIXES: Final = ("X", "Z", "T")  # med_list_codg: western, Chinese, pieces (not confirmed, §2.2)
_VOLUME_PREFIXES: Final = (
    "X",
    "Z",
    "T",
    "C",
)  # med_list_codg: western, Chinese, pieces, consumables (not confirmed, §2.2)

DIED: Final = "5"  # dscg_way
TRANSFERRED: Final = frozenset({"2", "3"})  # dscg_way: to another hospital, to a community or township one
AGAINST_ADVICE: Final = "4"  # dscg_way: 非医嘱离院
ELECTRONIC: Final = "01"  # mdtrt_cert_type: 电子凭证, which needs nobody to be there

_AT_HOME = ("家庭病床", "家床", "居家病床")
_BIRTH = ("51", "52", "53", "9921")
_NEWBORN = ("9921",)
_EMERGENCY = ("13", "24")
_DAY_SURGERY = ("28",)
_TRANSFER = ("23",)
_INPATIENT = ("21", "22", "23", "24", "25", "26", "27", "28", "29", "52", "2105", "9921")
_PACKAGED = ("26", "2102", "2105")
_PACKAGED_PAYMENTS = frozenset("23456")

# ICD-10 chapters whose illnesses strike a family or a village together: infections, acute respiratory and
# intestinal illness, injury, poisoning, disaster.
_CONTAGIOUS_LETTERS = frozenset("AB")
_INJURY_LETTERS = frozenset("STVWXY")
_CONTAGIOUS_PREFIXES = (
    "J00", "J01", "J02", "J03", "J04", "J05", "J06", "J09", "J10", "J11", "J12", "J13", "J14", "J15", "J16", "J17",
    "J18", "J20", "J21", "J22", "U04", "U07", "H10", "K52", "G00", "G01", "G02", "G03",
)  # fmt: skip


def is_volume_item(category: str, item: str) -> bool:
    """Drug or consumable, whose quantity is watched; by category, or by code where the answer gave none."""
    return category in VOLUME_ITEMS if category else item.startswith(_VOLUME_PREFIXES)


def is_drug_item(category: str, item: str) -> bool:
    """A drug, by category, or by code where the answer gave none."""
    return category in DRUGS if category else item.startswith(_DRUG_PREFIXES)


def is_decoction_piece(item: str) -> bool:
    """What Chinese medicine is boiled of (中药饮片), by the catalogue's code (not confirmed, domain.md §2.2)."""
    return item.startswith("T")


def is_infused(item: str) -> bool:
    """Solutions given into a vein (ATC B05), by the catalogue's code, which is X and the ATC code."""
    return item.startswith("XB05")


def is_plasma(item: str) -> bool:
    """Albumin and other proteins of plasma (ATC B05AA): infused as well, and dear enough to be sold on."""
    return item.startswith("XB05AA")


def is_injected(item: str) -> bool:
    """Injections of all kinds: the national code's eleventh character is a western drug's form, B one that is injected.

    >>> is_injected("XB01ABG020B002010100771"), is_injected("XC08CAA002A001010100001"), is_injected("")
    (True, False, False)
    """
    return item[:1] == "X" and item[10:11] == "B"


# Heparins, erythropoietin and iron for the vein.
_AT_DIALYSIS = ("XB01AB", "XB03XA", "XB03AC")


def is_given_at_dialysis(item: str) -> bool:
    """What runs into a dialysed patient's blood line at each session, by the catalogue's code, which is X and the ATC code."""
    return item.startswith(_AT_DIALYSIS)


# 肌肉注射 to 静脉输液 (1204), and 腹膜透析, 血液透析, 血液滤过, 血液灌流, 连续性血液净化 (311000001 to …11).
_GIVEN_INTO_THE_BODY = ("1204", "31100000", "311000010", "311000011")
_COURSES = ("N18", "Z49", "Z51")  # dialysis, chemotherapy and radiotherapy


def is_injection_or_dialysis(item: str) -> bool:
    """A service that gives a drug on the spot, by the code of the price list, which ends the catalogue's code."""
    return item.rpartition("-")[2].startswith(_GIVEN_INTO_THE_BODY)


def is_course(diagnosis: str) -> bool:
    """Kidney failure, dialysis, chemo- and radiotherapy: whoever is treated for it is given drugs at each session."""
    return diagnosis.startswith(_COURSES)


def is_birth(med_type: str, diagnosis: str) -> bool:
    """Delivery, or a newborn's stay with its mother: two of a household, rightly together."""
    return med_type.startswith(_BIRTH) or diagnosis.startswith(("O", "P", "Z37", "Z38"))


def is_newborn(med_type: str, diagnosis: str) -> bool:
    """A newborn's own stay, beside its mother."""
    return med_type.startswith(_NEWBORN) or diagnosis.startswith(("P", "Z38"))


def is_emergency(med_type: str) -> bool:
    """急诊, 急诊转住院: who comes by ambulance is examined first, whatever it turns out to have been."""
    return med_type.startswith(_EMERGENCY)


def is_day_surgery(med_type: str) -> bool:
    """日间手术: admitted and discharged within a day by design."""
    return med_type.startswith(_DAY_SURGERY)


def is_bed_day_package(med_type: str) -> bool:
    """按床日 (2105): paid by the day of stay, psychiatric and long-term wards."""
    return med_type.startswith("2105")


def is_home_bed(department: str, bed: str) -> bool:
    """家庭病床: registered as a stay, but at home, where a doctor or nurse calls every few days. No national code says so; the
    names of department and bed do.

    >>> is_home_bed("家庭病床", "012"), is_home_bed("康复科", "家床3"), is_home_bed("内科", "A03-012")
    (True, True, False)
    """
    return any(word in name for name in (department, bed) for word in _AT_HOME)


def is_transfer(med_type: str) -> bool:
    """转外诊治住院."""
    return med_type.startswith(_TRANSFER)


def is_packaged(med_type: str) -> bool:
    """Paid by the case or the bed-day, where equal amounts are the rule (§4.5)."""
    return med_type.startswith(_PACKAGED)


def is_packaged_payment(payment_method: str) -> bool:
    """hi_paymtd of the 4101: 2 单病种, 3 按病种分值 (DIP), 4 DRG, 5 按床日, 6 按人头; 1 is 按项目, 9 其他."""
    return payment_method.lstrip("0") in _PACKAGED_PAYMENTS


@lru_cache(maxsize=8_192)
def strikes_together(diagnosis: str) -> bool:
    """Contagion, poisoning or injury: an illness that several of a household may truly have at once (§4.4)."""
    return (
        diagnosis[:1] in _CONTAGIOUS_LETTERS
        or diagnosis[:1] in _INJURY_LETTERS
        or diagnosis.startswith(_CONTAGIOUS_PREFIXES)
    )


def same_illness(one: str, other: str) -> bool:
    """Equal three-character ICD categories (ICD-3, §4.2)."""
    return bool(one) and one[:3] == other[:3]
