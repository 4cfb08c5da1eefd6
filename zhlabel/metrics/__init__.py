"""Figures with a definition: classification, entities, ranking, calibration, intervals, significance."""
