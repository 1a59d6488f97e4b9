"""Fitting what is learned: outside the wheel. `python -m training.calibrate` writes the first reader's weights."""
