"""Credentials that tests use; variables of the same names override them."""

import os

__all__ = [
    "TEST_AWS_ACCESS_KEY_ID",
    "TEST_AWS_ACCOUNT_ID",
    "TEST_AWS_REGION_NAME",
    "TEST_AWS_SECRET_ACCESS_KEY",
]

TEST_AWS_ACCOUNT_ID = os.environ.get("TEST_AWS_ACCOUNT_ID") or "000000000000"
TEST_AWS_ACCESS_KEY_ID = os.environ.get("TEST_AWS_ACCESS_KEY_ID") or "test"
TEST_AWS_SECRET_ACCESS_KEY = os.environ.get("TEST_AWS_SECRET_ACCESS_KEY") or "test"
TEST_AWS_REGION_NAME = os.environ.get("TEST_AWS_REGION_NAME") or "us-east-1"
