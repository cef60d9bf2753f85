"""Session state: identifiers of the project, run, search and job that a browser looks at.

One module for each topic, all over ``pages.ui.session``, the one module that stores values.
"""

from __future__ import annotations

from pages.ui.state.data import (
    browse_folder,
    browsed_folder,
    changed_version,
    choose_group,
    current_group,
    pass_group,
    passed_groups,
    remember_change,
    report_import,
    reported_import,
    restart_groups,
)
from pages.ui.state.messages import (
    imported_weights,
    remember_error,
    remember_imported_weights,
    take_error,
)
from pages.ui.state.projects import (
    choose_project,
    choose_section,
    current_dataset,
    current_project,
    keep_in_address,
    open_section,
    section,
)
from pages.ui.state.runs import (
    choose_run,
    current_run,
    follow_job,
    followed_job,
    forget_run,
)
from pages.ui.state.searches import (
    choose_search,
    choose_trial,
    chosen_search,
    chosen_trial,
    forget_search,
    forget_trial,
)
from pages.ui.state.widgets import (
    component_state,
    count_up,
    counter,
    handled_serial,
    is_open,
    mark_handled,
    selected_rows,
    session_name,
    set_first_value,
    set_open,
    update_upload_state,
    upload_state,
    widget_value,
)

__all__ = [
    "browse_folder",
    "browsed_folder",
    "changed_version",
    "choose_group",
    "choose_project",
    "choose_run",
    "choose_search",
    "choose_section",
    "choose_trial",
    "chosen_search",
    "chosen_trial",
    "component_state",
    "count_up",
    "counter",
    "current_dataset",
    "current_group",
    "current_project",
    "current_run",
    "follow_job",
    "followed_job",
    "forget_run",
    "forget_search",
    "forget_trial",
    "handled_serial",
    "imported_weights",
    "is_open",
    "keep_in_address",
    "mark_handled",
    "open_section",
    "pass_group",
    "passed_groups",
    "remember_change",
    "remember_error",
    "remember_imported_weights",
    "report_import",
    "reported_import",
    "restart_groups",
    "section",
    "selected_rows",
    "session_name",
    "set_first_value",
    "set_open",
    "take_error",
    "update_upload_state",
    "upload_state",
    "widget_value",
]
