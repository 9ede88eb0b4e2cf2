module github.com/paywicket/paywicket

go 1.26.0

require (
	github.com/a-h/templ v0.3.977
	github.com/alexedwards/argon2id v1.0.0
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/bojanz/currency v1.4.0
	github.com/go-playground/locales v0.14.2
	github.com/go-playground/validator/v10 v10.30.6
	github.com/gorilla/sessions v1.4.0
	github.com/nicksnyder/go-i18n/v2 v2.7.0
	github.com/nyaruka/phonenumbers v1.8.1
	github.com/pquerna/otp v1.5.0
	github.com/pressly/goose/v3 v3.28.0
	github.com/tink-crypto/tink-go/v2 v2.9.0
	golang.org/x/text v0.43.0
	modernc.org/sqlite v1.60.1
	github.com/peterbourgon/ff/v3 v3.4.0
	github.com/chromedp/chromedp v0.22.1
	github.com/google/go-cmp v0.7.0
	pgregory.net/rapid v1.3.0
	github.com/gofrs/flock v0.13.0
)
