"""xero: a stand-in for the accounting API of Xero at a host of its own."""

from __future__ import annotations

from corpus.published import Published, Tier
from corpus.visit import Visit


def check(visit: Visit) -> None:
    issued = visit.request("POST", "/connect/token", "xero", data={"grant_type": "client_credentials"})
    assert issued.status_code == 200, issued.text
    tenant = {"Authorization": f"Bearer {issued.json()['access_token']}"}
    connected = visit.get("/connections", "xero", headers=tenant).json()
    tenant["Xero-Tenant-Id"] = connected[0]["tenantId"]
    contact = {"Contacts": [{"Name": "ABC Limited"}]}
    created = visit.request("POST", "/api.xro/2.0/Contacts", "xero", headers=tenant, json=contact)
    assert created.status_code == 200, created.text
    path = f"/api.xro/2.0/Contacts/{created.json()['Contacts'][0]['ContactID']}"
    assert visit.get(path, "xero", headers=tenant).json()["Contacts"][0]["Name"] == "ABC Limited"
    invoice = {
        "Invoices": [
            {
                "Type": "ACCREC",
                "Contact": {"ContactID": created.json()["Contacts"][0]["ContactID"]},
                "LineItems": [{"Description": "A lean-to", "Quantity": 2, "UnitAmount": 10.0}],
            }
        ]
    }
    billed = visit.request("POST", "/api.xro/2.0/Invoices", "xero", headers=tenant, json=invoice)
    assert billed.status_code == 200, billed.text
    assert visit.get("/api.xro/2.0/Invoices", "xero", headers=tenant).json()["Invoices"]
    assert visit.request("POST", "/_xero/reset", "xero").status_code == 200
    assert not visit.get("/api.xro/2.0/Contacts", "xero", headers=tenant).json()["Contacts"]


PUBLISHED = Published("localstack-xero", "xero", Tier.API, check)
