"""Fetching from a FHIR server: Bulk Data Access with SMART Backend Services.

kick-off → job under way → manifest → files → the folder that a load reads

What is done follows, and was read in, these:

- HL7 FHIR Bulk Data Access, STU 2 and 3. https://hl7.org/fhir/uv/bulkdata/
  https://github.com/HL7/bulk-data/blob/0077a4656b77305f7f96e5663587c17d6339263a/input/pagecontent/export.md
  (STU 2) and, beside it, `async-status-polling-request.md`,
  `async-output-file-request.md` and `async-delete-request.md` (later editions).
- SMART App Launch 2.2, Backend Services.
  https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
  https://github.com/HL7/smart-app-launch/blob/01ed8d95d6e36b62350ebb780edc5e1f4e6e5772/input/pages/backend-services.md
"""

from rounds.datamart.fetch.backend_services import Credentials
from rounds.datamart.fetch.download import Fetched
from rounds.datamart.fetch.fetching import fetch
from rounds.datamart.fetch.keys import SigningKey, read_signing_key
from rounds.datamart.fetch.patience import Patience, Surroundings
from rounds.datamart.fetch.report import FetchReport
from rounds.datamart.fetch.request import FetchRequest

__all__ = [
    "Credentials",
    "FetchReport",
    "FetchRequest",
    "Fetched",
    "Patience",
    "SigningKey",
    "Surroundings",
    "fetch",
    "read_signing_key",
]
