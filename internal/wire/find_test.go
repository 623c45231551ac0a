package wire

import "testing"

func TestFind(t *testing.T) {
	at := func(ns, name string) Published { return Published{Service: Service{Namespace: ns, Name: name}} }
	s := Status{
		Services: []Published{at("a", "db"), at("a", "crm"), at("b", "db"), at("b", "mail")},
		Problems: []Problem{
			{Severity: "Warning", Object: "Service a/old", Message: "ports have no effect"},
			{Severity: "Error", Object: "Service a/legacy", Message: "externalName is an address"},
		},
	}
	near := func(word string, _ []string) string {
		if word == "mial" {
			return "mail"
		}
		return ""
	}
	for _, test := range []struct{ namespace, name, want, err string }{
		{"a", "db", "a", ""},
		{"", "b/db", "b", ""},
		{"b", "b/db", "b", ""},
		{"", "mail", "b", ""},
		{"a", "b/db", "", "b/db is not in namespace a: leave one of the two out"},
		{"", "db", "", "there is a service db in each of the namespaces a, b: say which with -n"},
		{"", "mial", "", `there is no service "mial": did you mean mail?`},
		{"a", "mail", "", `there is no service "mail" in namespace a; there are crm, db`},
		{"c", "db", "", `there is no service "db" in namespace c, nor any other`},
		{"", "legacy", "", "Service a/legacy is not served: externalName is an address"},
		{"", "old", "", `there is no service "old"; there are crm, db, mail`},
		{"b", "legacy", "", `there is no service "legacy" in namespace b; there are db, mail`},
	} {
		got, err := s.Find(test.namespace, test.name, near)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got.Service.Namespace != test.want || text != test.err {
			t.Errorf("%q %q: found one in %q, error %q; want %q, %q", test.namespace, test.name, got.Service.Namespace, text, test.want, test.err)
		}
	}
	if _, err := s.Find("a", "xyz", nil); err == nil {
		t.Error("a service that there is not is found")
	}
	for i := range 9 {
		s.Services = append(s.Services, at("c", string(rune('a'+i))))
	}
	if _, err := s.Find("c", "xyz", near); err == nil || err.Error() != `there is no service "xyz" in namespace c; there are a, b, c, d, e, f, g, h and 1 more` {
		t.Errorf("error %v", err)
	}
}
