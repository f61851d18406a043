"""The test kit: a platform in the process of the tests. ``localstack.testing.pytest`` has the fixtures."""
