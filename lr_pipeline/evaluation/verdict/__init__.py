"""The report's answer: yes, not proven or no, by rules that docs/decisions/0011 explains.

``evidence`` gathers what the rules look at, ``rules`` give the reasons against a yes, ``judge``
turns them into the answer and ``wording`` into sentences. ``beside_prevalence`` compares each model
with the prevalence alone.
"""
