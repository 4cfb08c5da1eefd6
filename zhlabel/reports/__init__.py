"""Figures as tables, files, pictures and a page."""
