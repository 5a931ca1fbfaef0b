"""What must follow the endpoint: fields, documents and objects that carry its URL, and the pods that read
them.
"""
