# Sends messages in the kernel's name: results, an early end, a reply, rubbish.
# marks: t1=0
# %% t1
def standardise(x):
    kernel = get_ipython().kernel
    parent = kernel.get_parent()
    def send(kind, content):
        kernel.session.send(kernel.iopub_socket, kind, content, parent=parent, ident=b"x")
    send("execute_result", {"data": {"text/plain": "2.0"}, "metadata": {}, "execution_count": 1})
    send("display_data", {"data": 7, "metadata": None})
    send("stream", {"name": 3, "text": ["a", 1]})
    send("error", {"ename": None})
    send("clear_output", {"wait": "x"})
    send("update_display_data", {"transient": {"display_id": []}})
    send("comm_open", {"target_name": "jupyter.widget", "data": {"state": {}}, "comm_id": "1"})
    send("status", {"execution_state": "idle"})
    return 0 * x
