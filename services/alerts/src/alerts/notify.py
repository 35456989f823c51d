"""GOV.UK Notify, through its own client; its `reference` is the delivery's."""

import logging
from dataclasses import dataclass, field
from typing import Any

from notifications_python_client.errors import APIError, HTTPError
from notifications_python_client.notifications import NotificationsAPIClient

from alerts.channels import Failure, Letter, mask
from alerts.webhooks import failure_of

NOTIFY_URL = "https://api.notifications.service.gov.uk"
ANSWER_SECONDS = 30
KEY_LENGTH = 73  # service id and secret, two UUIDs with a hyphen between; a name may stand before them


@dataclass(frozen=True, slots=True)
class NotifyChannel:
    """One email address that Notify writes to, by a template with the fields ((subject)) and ((body))."""

    name: str
    api_key: str = field(repr=False)
    template_id: str
    to: str
    service: str = NOTIFY_URL

    def send(self, letter: Letter) -> Failure | None:
        # It would log addresses of its own accord; and a client is not to be shared between threads.
        logging.getLogger("notifications_python_client").propagate = False
        client: Any = NotificationsAPIClient(self.api_key, self.service, ANSWER_SECONDS)  # type: ignore[no-untyped-call]
        try:
            client.send_email_notification(
                email_address=self.to,
                template_id=self.template_id,
                personalisation={"subject": letter.subject, "body": letter.text},
                reference=letter.reference,
            )
        except HTTPError as error:
            if error.response is None:
                return Failure(self.masked(f"no answer from Notify: {error.__cause__}"))
            failure = failure_of(error.status_code, error.response.headers, str(error.message))
            return Failure(self.masked(failure.error), failure.retry_after)
        except APIError:
            # A 2xx that cannot be read is still an acceptance: to ask again would tell the officer twice.
            return None
        finally:
            client.request_session.close()
        return None

    def masked(self, text: str) -> str:
        return mask(text, (self.api_key, self.api_key[-36:]))
