"""Writes one result a text, in order, into a file that a stopped job goes on with.

writer.py   open_writer: PATH.part until the end, and what lies there of a stopped job
formats.py  one result as csv, JSON lines or BIO; rows of results as parquet
xlsx.py     rows of results as a sheet
"""

from zhlabel.inference.writers.writer import open_writer

__all__ = ["open_writer"]
