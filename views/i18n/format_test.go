package i18n

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/providers/money"
)

func TestMoney(t *testing.T) {
	b := bundle(t)
	for _, c := range []struct {
		lang     string
		minor    int64
		currency string
		want     Money
	}{
		{"en", 120450, "EUR", Money{"1,204", ".50", "EUR"}},
		{"en", 5, "EUR", Money{"0", ".05", "EUR"}},
		{"en", 0, "EUR", Money{"0", ".00", "EUR"}},
		{"en", -760, "BRL", Money{"−7", ".60", "BRL"}},
		{"en", -5, "BRL", Money{"−0", ".05", "BRL"}},
		{"en", 850000, "XOF", Money{"850,000", "", "XOF"}},
		{"en", 999, "XOF", Money{"999", "", "XOF"}},
		{"en", 1234567, "KWD", Money{"1,234", ".567", "KWD"}},
		{"en", math.MaxInt64, "EUR", Money{"92,233,720,368,547,758", ".07", "EUR"}},
		{"en", math.MinInt64, "EUR", Money{"−92,233,720,368,547,758", ".08", "EUR"}},
		{"en", 0, "", Money{Whole: "–"}},
		{"en", 1234, "QQQ", Money{"1,234", "", "QQQ?"}},
		{"fr", 4860000000, "EUR", Money{"48\u202f600\u202f000", ",00", "EUR"}},
		{"fr", 48600000, "VND", Money{"48\u202f600\u202f000", "", "VND"}},
		{"es", -123456789, "EUR", Money{"−1.234.567", ",89", "EUR"}},
		{"pt", -123456789, "BRL", Money{"−1.234.567", ",89", "BRL"}},
		{"th", -120450, "EUR", Money{"−1,204", ".50", "EUR"}},
		{"vi", -123456789, "EUR", Money{"−1.234.567", ",89", "EUR"}},
		{"zh", -120450, "EUR", Money{"−1,204", ".50", "EUR"}},
	} {
		if got := b.Localizer(c.lang).Money(money.Amount{Minor: c.minor, Currency: c.currency}); got != c.want {
			t.Errorf("%s %d %s: got %q, want %q", c.lang, c.minor, c.currency, got, c.want)
		}
	}
}

// Whatever the amount, taking the marks out again gives the same digits.
func TestMoneyKeepsEveryDigit(t *testing.T) {
	b := bundle(t)
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount{Minor: rapid.Int64().Draw(t, "minor"), Currency: rapid.SampledFrom([]string{"EUR", "XOF", "KWD", "VND"}).Draw(t, "currency")}
		l := b.Localizer(rapid.SampledFrom([]string{"en", "fr"}).Draw(t, "language"))
		plain := strings.NewReplacer(l.locale.group, "", l.locale.decimal, ".", minus, "-").Replace(l.Money(a).Figure())
		if want := a.Decimal(); plain != want {
			t.Fatalf("%v: got %q, want %q", a, plain, want)
		}
	})
}

func TestDates(t *testing.T) {
	zone, err := time.LoadLocation("Africa/Porto-Novo")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, time.November, 20, 21, 14, 8, 0, time.UTC).In(zone)
	b := bundle(t)
	for lang, want := range map[string][]string{
		"en": {"20 Nov 2026", "Friday 20 November 2026", "20 Nov", "22:14", "22:14:08", "20 Nov 2026, 22:14", "Africa/Porto-Novo (UTC+1)"},
		"fr": {"20 nov. 2026", "vendredi 20 novembre 2026", "20 nov.", "22:14", "22:14:08", "20 nov. 2026 à 22:14", "Africa/Porto-Novo (UTC+1)"},
		"es": {"20 nov. 2026", "viernes, 20 de noviembre de 2026", "20 nov.", "22:14", "22:14:08", "20 nov. 2026, 22:14", "Africa/Porto-Novo (UTC+1)"},
		"pt": {"20 de nov. de 2026", "sexta-feira, 20 de novembro de 2026", "20 de nov.", "22:14", "22:14:08", "20 de nov. de 2026, 22:14", "Africa/Porto-Novo (UTC+1)"},
		"th": {"20 พ.ย. 2026", "วันศุกร์ที่ 20 พฤศจิกายน 2026", "20 พ.ย.", "22:14", "22:14:08", "20 พ.ย. 2026 22:14", "Africa/Porto-Novo (UTC+1)"},
		"vi": {"20 thg 11, 2026", "Thứ Sáu, 20 tháng 11, 2026", "20 thg 11", "22:14", "22:14:08", "22:14, 20 thg 11, 2026", "Africa/Porto-Novo (UTC+1)"},
		"zh": {"2026年11月20日", "2026年11月20日星期五", "11月20日", "22:14", "22:14:08", "2026年11月20日 22:14", "Africa/Porto-Novo (UTC+1)"},
	} {
		l := b.Localizer(lang)
		got := []string{l.Date(at), l.DateFull(at), l.Day(at), l.Time(at), l.Clock(at), l.DateTime(at), l.Zone(at)}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: got %q, want %q", lang, got[i], want[i])
			}
		}
	}
}

func TestOffset(t *testing.T) {
	for seconds, want := range map[int]string{0: "UTC", 3600: "UTC+1", -12600: "UTC−3:30", 20700: "UTC+5:45"} {
		if got := Offset(time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("x", seconds))); got != want {
			t.Errorf("%d: got %q, want %q", seconds, got, want)
		}
	}
}

// Chinese puts no space between words or sentences, and has two commas: one in a list, one between facts.
func TestChinese(t *testing.T) {
	zh := bundle(t).Localizer("zh")
	for _, c := range []struct{ got, want string }{
		{zh.Month(time.Date(2026, time.November, 1, 9, 5, 0, 0, time.UTC)), "2026年11月"},
		{zh.Time(time.Date(2026, time.November, 1, 9, 5, 0, 0, time.UTC)), "09:05"},
		{zh.Left(23*time.Hour + 16*time.Minute), "23小时16分钟"},
		{zh.Ago(54 * time.Minute), "54分钟前"},
		{zh.List("A", "B", "C"), "A、B和C"},
		{zh.Or("A", "B", "C"), "A、B或C"},
		{zh.Comma("A", "", "B"), "A，B"},
		{zh.Then("一。", "二。"), "一。二。"},
		{zh.Quote("否"), "“否”"},
		{zh.Country("VN"), "越南"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestDurations(t *testing.T) {
	en, fr := bundle(t).Localizer("en"), bundle(t).Localizer("fr")
	for _, c := range []struct{ got, want string }{
		{en.Age(54 * time.Minute), "54 minutes"},
		{en.Age(59 * time.Second), "59 seconds"},
		{en.Age(time.Hour), "1 hour"},
		{en.Age(47 * time.Hour), "47 hours"},
		{en.Age(49 * time.Hour), "2 days"},
		{en.Age(-time.Hour), "1 hour"},
		{en.Ago(time.Second), "just now"},
		{en.Ago(2 * time.Minute), "2 minutes ago"},
		{en.Left(23*time.Hour + 16*time.Minute), "23 hours 16 minutes"},
		{en.Left(23 * time.Hour), "23 hours"},
		{fr.Age(time.Hour), "1 heure"},
		{fr.Ago(54 * time.Minute), "il y a 54 minutes"},
		{en.Millis(340 * time.Millisecond), "340\u00a0ms"},
		{fr.Millis(30*time.Second + 12*time.Millisecond), "30,0\u00a0s"},
		{en.List("A"), "A"},
		{en.List("A", "B", "C"), "A, B and C"},
		{fr.Or("A", "B"), "A ou B"},
		{bundle(t).Localizer("th").Ago(54 * time.Minute), "เมื่อ 54 นาทีที่แล้ว"},
		{bundle(t).Localizer("pt").Ago(54 * time.Minute), "há 54 minutos"},
		{bundle(t).Localizer("vi").Ago(54 * time.Minute), "54 phút trước"},
		{en.Comma("A", "", "B"), "A, B"},
		{en.Then("A.", "B."), "A. B."},
		{en.Then("", "B."), "B."},
		{fr.Quote("non"), "«\u202fnon\u202f»"},
		{(&Localizer{}).Number(-1234567), "−1,234,567"},
		{(&Localizer{}).Date(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)), "2 Jan 2026"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
