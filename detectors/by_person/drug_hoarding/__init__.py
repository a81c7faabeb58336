"""drug_hoarding: more of a drug fetched than can be used."""
