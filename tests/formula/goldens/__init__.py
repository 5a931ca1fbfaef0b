"""What the shipped option files make of the charts, in the parts that matter: see ``cases`` and ``summary``.

``make goldens`` rewrites the ``*.yaml`` files here; their diff is what a change of an option file does.
"""
