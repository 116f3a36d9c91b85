"""The default code location: the tutorial's table, with the studies of it."""

from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import SyntheticTable

defs = build_definitions(SyntheticTable(), studies=True)
