"""What each sign is worth, in log-odds. Written by a program; not to be changed by hand.

    python -m tools.calibrate --seeds 1 2 --cases 117 --write

fitted them to 208 causes that were named, 8 of them wrongly.
"""

WEIGHTS = {
    "certain": 3.33,
    "strong": 1.37,
    "inferred": 0.4,
    "explained_elsewhere": 0.27,
    "explained_here": 0.96,
    "change_before": -0.05,
    "symptom_only": -0.89,
    "away_from_the_question": -1.2,
    "rivals": -0.31,
    "unseen": -0.15,
}
