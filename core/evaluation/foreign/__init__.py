"""Models made elsewhere, judged on a project's pictures.

Reading order: ``facts`` (records), ``kinds`` (table of exports), ``darkroom_facts`` (what Darkroom's
own exports state), ``checks`` (what is refused unread), ``sandbox`` (the process that runs them),
``preprocessing`` and ``outputs`` (arrays), ``mapping`` (class names), ``guessing``, ``judging`` and
``judged_model`` (results).
"""
