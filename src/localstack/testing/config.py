"""Credentials that tests use; variables of the same names override them."""

import os

__all__ = ["TEST_AWS_ACCESS_KEY_ID", "TEST_AWS_ACCOUNT_ID"]

TEST_AWS_ACCOUNT_ID = os.environ.get("TEST_AWS_ACCOUNT_ID") or "000000000000"
TEST_AWS_ACCESS_KEY_ID = os.environ.get("TEST_AWS_ACCESS_KEY_ID") or "test"
