"""The default code location: the tutorial's table, with the studies of it."""

from lr_pipeline.pipeline import build_definitions
from lr_pipeline.tables.sources import SyntheticTable

defs = build_definitions(SyntheticTable(), studies=True)
