"""Everything that knows Dagster: the assets, their checks, jobs, schedules and storage.

``pipeline.build_definitions`` puts a code location together. The logic of an asset is in the rooms
below: an asset reads its inputs, makes one call and returns a value with metadata.
"""
