# A spreadsheet formula for a name, of another kind.
# name: @SUM(1+1)*cmd|' !A0
