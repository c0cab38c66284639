# Scripts, links and pictures in Markdown.
# %% before t1 [markdown]
<script>alert('hostile')</script> <img src=x onerror=alert('hostile')> [a](javascript:alert('hostile'))
![b](http://127.0.0.1:@PORT@/x) $\href{javascript:alert('hostile')}{x}$ <b onclick=alert('hostile')>b</b>
