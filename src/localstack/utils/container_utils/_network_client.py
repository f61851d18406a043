"""Networks of the container engine, and who is in them."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from localstack.utils.container_utils._engine_connection import EngineConnection
from localstack.utils.container_utils.container_errors import NoSuchContainer, NoSuchNetwork

__all__ = ["NetworkClient"]


class NetworkClient(EngineConnection):
    """The part of ``ContainerClient`` that is about networks; a network is given by name or by id."""

    def create_network(self, network_name: str) -> str:
        """Make a network between containers of the engine's machine; its id. Who makes one deletes it."""
        with self._talking() as client:
            return str(client.api.create_network(network_name, driver="bridge")["Id"])

    def delete_network(self, network_name: str) -> None:
        """Delete a network.

        :raises ContainerException: when a container that runs is in it
        """
        with self._talking(NoSuchNetwork(network_name)) as client:
            client.api.remove_network(network_name)

    def inspect_network(self, network_name: str) -> dict[str, Any]:
        """What the engine knows of a network, as ``docker inspect`` shows it."""
        with self._talking(NoSuchNetwork(network_name)) as client:
            return dict(client.api.inspect_network(network_name))

    def connect_container_to_network(
        self,
        network_name: str,
        container_name_or_id: str,
        aliases: Sequence[str] | None = None,
        link_local_ips: Sequence[str] | None = None,
    ) -> None:
        """Put a container into one more network.

        :param aliases: more names under which others in the network find it
        :param link_local_ips: more addresses for it, e.g. ``["169.254.1.2"]``
        """
        self.inspect_network(network_name)
        with self._talking(NoSuchContainer(container_name_or_id)) as client:
            client.api.connect_container_to_network(
                container_name_or_id,
                network_name,
                aliases=list(aliases) if aliases else None,
                link_local_ips=list(link_local_ips) if link_local_ips else None,
            )

    def disconnect_container_from_network(self, network_name: str, container_name_or_id: str) -> None:
        """Take a container out of a network."""
        self.inspect_network(network_name)
        with self._talking(NoSuchContainer(container_name_or_id)) as client:
            client.api.disconnect_container_from_network(container_name_or_id, network_name)

    def get_network_gateway(self, network_name: str) -> str | None:
        """Address of the engine's machine in a network; ``None`` for one without addresses, such as ``"host"``."""
        for addresses in self.inspect_network(network_name)["IPAM"]["Config"] or ():
            return str(addresses.get("Gateway") or ip_network(addresses["Subnet"])[1])  # Docker's choice when not told
        return None
