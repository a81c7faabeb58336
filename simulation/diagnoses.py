"""What do people fall ill with, how often, how long do they lie, and what are they given?

Weights are relative to one another; days are the median of a log-normal length of stay. Codes are ICD-10 (医保版 form).
"""

from dataclasses import dataclass

DEPARTMENTS = {
    "A03": "内科", "A04": "外科", "A05": "妇产科", "A07": "儿科", "A10": "眼科", "A15": "精神科", "A19": "肿瘤科",
    "A20": "急诊医学科", "A21": "康复医学科", "A50": "中医科",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """An illness and what it brings with it."""

    code: str
    name: str
    department: str
    visits: float  # weight among out-patient visits
    stays: float  # weight among admissions
    days: float  # median stay
    ages: tuple[int, int]
    season: str
    drugs: tuple[str, ...]  # groups of the catalogue, drawn from evenly
    care: tuple[str, ...] = ()  # service groups given in the ward
    operation: str = ""
    trait: str = ""  # infectious, injury, day_surgery, packaged
    sex: str = ""  # 1 or 2 where only one falls ill with it


_ALL = (0, 105)
_ADULT = (18, 95)
_OLD = (50, 100)
_COLD = ("cold", "cold", "antibiotic", "respiratory")
_LUNG = ("antibiotic", "respiratory", "infusion", "infusion")
_HEART = ("cardio", "cardio", "heart_tcm", "infusion")
_BONE = ("bone_tcm", "pain", "nerve", "infusion")
_BELLY = ("digestive", "digestive", "antibiotic", "infusion")
_BRAIN = ("nerve", "heart_tcm", "cardio", "infusion")

DIAGNOSES: tuple[Diagnosis, ...] = (
    Diagnosis("J06.900", "急性上呼吸道感染", "A03", 26, 2.5, 5, _ALL, "winter", _COLD, ("breath",), trait="infectious"),
    Diagnosis("J20.900", "急性支气管炎", "A03", 9, 5, 6, _ALL, "winter", _LUNG, ("breath",), trait="infectious"),
    Diagnosis("J18.900", "肺炎", "A03", 2, 9, 8, _ALL, "winter", _LUNG, ("breath",), trait="infectious"),
    Diagnosis("J10.100", "流行性感冒伴其他呼吸道表现", "A03", 4, 1.5, 5, _ALL,
              "winter", _COLD, ("breath",), trait="infectious"),
    Diagnosis("A09.900", "感染性胃肠炎和结肠炎", "A03", 4, 3, 4, _ALL, "summer", _BELLY, trait="infectious"),
    Diagnosis("A08.000", "轮状病毒性肠炎", "A07", 1, 0.8, 5, (0, 6), "winter", _BELLY, trait="infectious"),
    Diagnosis("A05.900", "细菌性食物中毒", "A03", 0.3, 0.3, 3, _ALL, "summer", _BELLY, trait="infectious"),
    Diagnosis("T58.x00", "一氧化碳的毒性效应", "A20", 0.1, 0.2, 4, _ALL, "winter", _BRAIN, ("breath",), trait="injury"),
    Diagnosis("J44.100", "慢性阻塞性肺病伴急性加重", "A03", 3, 6, 9, _OLD, "winter", _LUNG, ("breath",)),
    Diagnosis("I10.x05", "高血压病3级", "A03", 9, 5, 8, _OLD, "even", _HEART),
    Diagnosis("I25.103", "冠状动脉粥样硬化性心脏病", "A03", 5, 7, 8, _OLD, "even", _HEART),
    Diagnosis("I50.900", "心力衰竭", "A03", 1, 4, 9, _OLD, "winter", _HEART, ("breath",)),
    Diagnosis("I63.900", "脑梗死", "A03", 2, 8, 11, _OLD, "even", _BRAIN, ("rehab",)),
    Diagnosis("E11.900", "2型糖尿病", "A03", 6, 4, 9, (30, 95), "even", ("diabetes", "diabetes", "nerve", "infusion")),
    Diagnosis("M51.202", "腰椎间盘突出", "A21", 5, 6.5, 9, _ADULT, "even", _BONE, ("rehab",)),
    Diagnosis("M47.200", "颈椎病", "A50", 5, 4.5, 8, _ADULT, "even", _BONE, ("rehab",)),
    Diagnosis("M17.900", "膝关节病", "A21", 3, 3, 9, _OLD, "even", _BONE, ("rehab",)),
    Diagnosis("H81.000", "眩晕综合征", "A03", 3, 3.5, 6, (30, 95), "even", _BRAIN),
    Diagnosis("K29.500", "慢性胃炎", "A03", 6, 3, 6, _ADULT, "even", _BELLY),
    Diagnosis("N39.000", "泌尿道感染", "A03", 3, 2, 6, _ADULT,
              "summer", ("antibiotic", "antibiotic", "women", "infusion")),
    Diagnosis("L30.900", "皮炎", "A03", 5, 0.2, 5, _ALL, "summer", ("cold", "antibiotic", "pain", "women")),
    Diagnosis("R51.x00", "头痛", "A03", 3, 0.5, 4, _ADULT, "even", ("pain", "nerve", "heart_tcm", "nerve")),
    Diagnosis("N76.000", "急性阴道炎", "A05", 3, 0.2, 4, (16, 70),
              "even", ("women", "women", "antibiotic", "women"), sex="2"),
    Diagnosis("F41.100", "广泛性焦虑障碍", "A15", 1.5, 0.1, 14, _ADULT,
              "even", ("psychiatric", "psychiatric", "nerve", "heart_tcm")),
    Diagnosis("K35.800", "急性阑尾炎", "A04", 0.4, 2.5, 6, (6, 80), "even", _BELLY, operation="appendix"),
    Diagnosis("K80.200", "胆囊结石", "A04", 0.8, 3, 7, (25, 85), "even", _BELLY, operation="gallbladder"),
    Diagnosis("N20.100", "输尿管结石", "A04", 0.8, 2.5, 5, (20, 75), "summer", _BELLY, operation="stone"),
    Diagnosis("S72.000", "股骨颈骨折", "A04", 0.2, 2, 14, _OLD, "winter", _BONE, operation="fracture", trait="injury"),
    Diagnosis("S06.000", "脑震荡", "A04", 0.3, 1.2, 6, _ALL, "even", _BRAIN, trait="injury"),
    Diagnosis("S22.300", "肋骨骨折", "A04", 0.4, 1.2, 9, _ADULT, "even", _BONE, trait="injury"),
    Diagnosis("C34.900", "支气管或肺恶性肿瘤", "A19", 0.3, 2.2, 10, _OLD,
              "even", ("oncology", "digestive", "pain", "infusion")),
    Diagnosis("H25.900", "老年性白内障", "A10", 0.8, 1.6, 1, _OLD,
              "even", ("antibiotic", "pain"), operation="cataract", trait="day_surgery"),
    Diagnosis("K40.900", "腹股沟疝", "A04", 0.3, 1, 1, (3, 85),
              "even", ("antibiotic", "pain"), operation="hernia", trait="day_surgery"),
    Diagnosis("D12.600", "结肠息肉", "A03", 0.5, 1.2, 1, (35, 80),
              "even", ("digestive", "infusion"), operation="polyp", trait="day_surgery"),
)  # fmt: skip

# Kinds of care that have their own schedule and are not drawn by weight.
SCHIZOPHRENIA = Diagnosis(
    "F20.900",
    "精神分裂症",
    "A15",
    0,
    0,
    40,
    _ADULT,
    "even",
    ("psychiatric", "psychiatric", "psychiatric", "digestive"),
    ("mind",),
)
CHEMOTHERAPY = Diagnosis(
    "Z51.102", "恶性肿瘤维持性化学治疗", "A19", 0, 0, 3, _OLD, "even", ("oncology", "oncology", "digestive", "infusion")
)
NATURAL_BIRTH = Diagnosis(
    "O80.000",
    "头位顺产",
    "A05",
    0,
    0,
    3,
    (18, 45),
    "even",
    ("women", "infusion"),
    ("newborn",),
    operation="delivery",
    sex="2",
)
CAESAREAN = Diagnosis(
    "O82.000",
    "经选择性剖宫产术的分娩",
    "A05",
    0,
    0,
    6,
    (18, 45),
    "even",
    ("women", "antibiotic", "infusion"),
    ("newborn",),
    operation="delivery",
    sex="2",
)
NEWBORN = Diagnosis("Z38.000", "单胎活产婴儿", "A07", 0, 0, 4, (0, 0), "even", ("infusion",), ("newborn",))
KIDNEY_FAILURE = Diagnosis("N18.500", "慢性肾脏病5期", "A03", 0, 0, 9, _ADULT, "even", ("infusion",), ("dialysis",))

# What a chronic patient refills every month.
CHRONIC = (
    ("I10.x05", "cardio"),
    ("E11.900", "diabetes"),
    ("I25.103", "heart_tcm"),
    ("J44.100", "respiratory"),
    ("M17.900", "bone_tcm"),
    ("F41.100", "psychiatric"),
)

BY_CODE = {d.code: d for d in DIAGNOSES}
