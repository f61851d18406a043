"""Where pytest finds the fixtures of ``localstack.testing.pytest``.

It takes modules at the top of a distribution for what its assertions are rewritten in. ``localstack`` has none, being a
namespace that others share, and pytest would go on to sub-packages: ``logging`` is the name of one.
"""

pytest_plugins = ("localstack.testing.pytest",)
