"""Another name of ``localstack.pro.core.config``: the very same module, so what is assigned to one is in both."""

import sys

from localstack.pro.core import config

sys.modules[__name__] = config
