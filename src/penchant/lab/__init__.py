"""The lab: how good is it, on your data, beside what else you could use?

log -> protocol -> cases -> methods -> ranks -> metrics -> report

A protocol turns a click log into cases (who is asked, what may be known, what could be shown, what was
clicked). A method scores the candidates of each case. From the scores come ranks, from the ranks metrics,
with intervals.
"""
