"""A county that lives, with schemes hidden in it: for demonstrations, for load, and for backtests.

`county.simulate` writes the files; everything else here is how the county comes to its transactions. The package
imports nothing of ours but `schemas`, and reads no clock: the same arguments give the same bytes.
"""
