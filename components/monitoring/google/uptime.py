"""The front door, seen from outside: Google asks from three continents whether it is there and closed.

An uptime check follows every redirect and judges the last answer, which would be Google's own sign-in page. So it
asks as a script would: IAP and oauth2-proxy answer those 401 instead of sending them on. An open door's 200 fails.
Sources: docs.cloud.google.com/monitoring/uptime-checks; docs.cloud.google.com/iap/docs/sessions-howto ("AJAX");
oauth2-proxy, pkg/app/redirect and oauthproxy.go (isAjax).
"""

from datetime import timedelta

import pulumi
import pulumi_gcp as gcp

from components.monitoring.definition import Group
from components.signals.model import Alert, Severity

_m = gcp.monitoring
HEADERS = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"}
"""What a script of a page sends: IAP looks at the first, oauth2-proxy at the second."""
CLOSED = (401, 403)
"""What a door that is closed answers; 403 is Cloud Armor's, where only some networks or countries may come."""
REGIONS = ("EUROPE", "USA", "ASIA_PACIFIC")
_PERIOD = timedelta(minutes=1)
COMPONENT = "edge"
GROUP = Group(name="from-outside", component=COMPONENT, interval=_PERIOD, rules=())
ALERT = Alert(
    name="FrontDoorUnreachable",
    # Said to Google as a condition on the check, see `condition`.
    expr="",
    lasting=timedelta(minutes=1),
    severity=Severity.PAGE,
    summary="From outside the front door isn't there, or lets people in without signing in: "
    "more than one part of the world got another answer than the refusal it should give.",
)


def check_args(domain: str, stack: str, project: pulumi.Input[str]) -> gcp.monitoring.UptimeCheckConfigArgs:
    """The question, every minute from each region, over TLS with a certificate that everybody trusts."""
    return _m.UptimeCheckConfigArgs(
        project=project,
        display_name=f"Kotaemon {stack}: the front door",
        monitored_resource=_m.UptimeCheckConfigMonitoredResourceArgs(
            type="uptime_url", labels={"project_id": project, "host": domain}
        ),
        http_check=_m.UptimeCheckConfigHttpCheckArgs(
            path="/",
            port=443,
            request_method="GET",
            use_ssl=True,
            validate_ssl=True,
            headers=HEADERS,
            accepted_response_status_codes=[
                _m.UptimeCheckConfigHttpCheckAcceptedResponseStatusCodeArgs(status_value=status)
                for status in CLOSED
            ],
        ),
        period=f"{round(_PERIOD.total_seconds())}s",
        timeout="10s",
        selected_regions=list(REGIONS),
        checker_type="STATIC_IP_CHECKERS",
    )


def condition(check: pulumi.Input[str]) -> gcp.monitoring.AlertPolicyConditionArgs:
    """More than one place sees it fail. In PromQL there is no count of booleans, so Google's own filter says it."""
    return _m.AlertPolicyConditionArgs(
        display_name=ALERT.name,
        condition_threshold=_m.AlertPolicyConditionConditionThresholdArgs(
            filter=pulumi.Output.format(
                'metric.type = "monitoring.googleapis.com/uptime_check/check_passed" AND '
                'metric.labels.check_id = "{0}" AND resource.type = "uptime_url"',
                check,
            ),
            comparison="COMPARISON_GT",
            threshold_value=1,
            duration=f"{round(ALERT.lasting.total_seconds())}s",
            trigger=_m.AlertPolicyConditionConditionThresholdTriggerArgs(count=1),
            aggregations=[
                _m.AlertPolicyConditionConditionThresholdAggregationArgs(
                    # A place that fell silent keeps its last answer for so long.
                    alignment_period="1200s",
                    per_series_aligner="ALIGN_NEXT_OLDER",
                    cross_series_reducer="REDUCE_COUNT_FALSE",
                    group_by_fields=["resource.label.project_id", "resource.label.host"],
                )
            ],
        ),
    )
