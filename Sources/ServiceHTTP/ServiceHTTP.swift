// ServiceHTTP
