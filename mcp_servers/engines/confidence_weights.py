"""What each sign is worth, in log-odds. Written by a program; not to be changed by hand.

    python -m tools.calibrate --seeds 1 2 --cases 123 --write

fitted them to 218 causes that were named, 2 of them wrongly.
"""

WEIGHTS = {
    "certain": 3.22,
    "strong": 2.13,
    "inferred": 0.64,
    "explained_elsewhere": 0.89,
    "explained_here": 0.89,
    "change_before": 0.69,
    "symptom_only": -1.12,
    "away_from_the_question": -1.2,
    "rivals": -0.55,
    "unseen": -0.15,
}
