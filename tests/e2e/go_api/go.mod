module rotor/tests/e2e/go_api

go 1.16

require github.com/centrifugal/gocent/v3 v3.2.0
