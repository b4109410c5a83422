"""The rule table, and judging by it. Second stage of the pipeline: sees what is declared, touches nothing.

Check, policy pack and command line all judge here, so that one fault has one wording.
"""

from components.rules.judge import judge_pool, judge_project, judge_service, judge_with_facts
from components.rules.table import BY_ID, RULES

__all__ = ["BY_ID", "RULES", "judge_pool", "judge_project", "judge_service", "judge_with_facts"]
