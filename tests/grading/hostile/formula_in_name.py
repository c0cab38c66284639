# A spreadsheet formula for a name.
# name: =HYPERLINK("http:..127.0.0.1","x")
