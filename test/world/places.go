//go:build linux

package world

// database is a PostgreSQL server on a host of its own.
type database struct {
	host     string // and the server's cluster_name
	addr     string
	name     string // of the database in it
	password string // of the user reporting
	rows     string // SQL that makes and fills its table
	about    string
}

const (
	production = "correct horse"
	test       = "battery staple"
)

func orders(rows string) string {
	return "CREATE TABLE orders (region text, amount int); INSERT INTO orders VALUES " + rows
}

func metrics(rows string) string {
	return "CREATE TABLE metrics (name text PRIMARY KEY, value bigint); INSERT INTO metrics VALUES " + rows
}

func databases() []database {
	sold := orders("('north', 1200), ('north', 340), ('south', 875)")
	legacy := metrics("('logins', 73125), ('signups', 418)")
	return []database{
		{"analytics-primary", "10.0.1.20", "analytics", production, sold, "the analytics database"},
		{"analytics-standby", "10.0.1.21", "analytics", production, sold, "a copy of it in another region"},
		{"analytics-test", "10.0.1.22", "analytics", test, orders("('nowhere', 1)"), "the same for tests"},
		{"legacy-1", "10.0.1.25", "metrics", production, legacy, "the legacy metrics database, which has no DNS name"},
		{"legacy-2", "10.0.1.26", "metrics", production, legacy, "its replica"},
		{"legacy-test", "10.0.1.35", "metrics", test, metrics("('logins', 2)"), "the same for tests"},
		{"primary-db", "10.0.1.41", "webscaler", production, orders("('west', 1)"), "a database of many teams"},
		{"secondary-db", "10.0.1.42", "webscaler", production, orders("('west', 1)"), "a copy of it in another region"},
	}
}

// api is an HTTP API that answers with what it was sent.
type api struct {
	host, addr string
	name       string // as it calls itself
	tls        string // the DNS name of its certificate, if it serves HTTPS as well
	about      string
}

func apis() []api {
	return []api{
		{"httpbin-1", "10.0.1.51", "httpbin (first)", httpbin, "an HTTP API at two addresses"},
		{"httpbin-2", "10.0.1.52", "httpbin (second)", httpbin, "the other one"},
		{"partner-1", "203.0.113.1", "partner (first)", "", "a partner's API, which has no DNS name"},
		{"partner-2", "203.0.113.2", "partner (second)", "", "the other one"},
	}
}

const httpbin = "httpbin.org"

// Zones are what the outside DNS is authoritative for.
func Zones() []string { return []string{"company.com", "example.com", httpbin} }

// records are the outside DNS, those of one zone together. Managed databases
// have short TTLs.
func records() [][]string {
	return [][]string{
		{
			"analytics-db.databases.company.com. 5 A 10.0.1.20",
			"analytics-db-standby.databases.company.com. 5 A 10.0.1.21",
			"analytics-db-test.databases.company.com. 5 A 10.0.1.22",
		},
		{
			"primary-db.example.com. 5 A 10.0.1.41",
			"secondary-db.example.com. 5 A 10.0.1.42",
			"db.example.com. 5 CNAME primary-db.example.com.",
			"db.dev.example.com. 5 CNAME secondary-db.example.com.",
		},
		{
			httpbin + ". 5 A 10.0.1.51",
			httpbin + ". 5 A 10.0.1.52",
		},
	}
}
