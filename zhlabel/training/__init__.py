"""Compile, fit, resume, tune."""
