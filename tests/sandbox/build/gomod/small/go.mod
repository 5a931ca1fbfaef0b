module cp-ingress.example/sandbox/small

go 1.26.0
