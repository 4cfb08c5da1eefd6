"""The folder of a run, and the plan of a training."""
