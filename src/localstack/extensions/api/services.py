"""What an extension needs for servers of its own."""

from localstack import config
from localstack.utils.net import PortRange

__all__ = ["external_service_ports"]

external_service_ports = PortRange(config.EXTERNAL_SERVICE_PORTS_START, config.EXTERNAL_SERVICE_PORTS_END - 1)
"""Ports for servers that clients reach without the gateway, 4510 to 4559 unless configured otherwise."""
