"""Export: a trained model in a form that other programs run, verified where it was written.

``score_plan`` says once what a model computes; ``python_module``, ``sql_query``, ``onnx_graph`` and
``pmml_document`` write it, each with the preparation included; ``evaluators`` run what was written;
``export_model`` compares the results with the model's own. ``scorecard`` gives the model as points.
"""
