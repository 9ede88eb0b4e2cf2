package seed

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// company is a provider with some of its ways to pay.
type company struct {
	id, name string
	ways     []way
}

// way is one method. Half of what is paid by it is below mid, in minor units.
type way struct {
	company, method, name, country, currency string
	mid                                      int64
	role                                     providers.Role
	prefix                                   string // of account numbers
	digits                                   int    // after the prefix
	given, family                            []string
}

func companies() []company {
	west := func(company, method, name, country, prefix string) way {
		return way{company, method, name, country, "XOF", 25_000, providers.RolePhone, prefix, 8, africanGiven(), africanFamily()}
	}
	all := []company{
		{"moneroo", "Moneroo", []way{
			west("Moneroo", "mtn_bj", "MTN MoMo Benin", "BJ", "22901"), west("Moneroo", "moov_bj", "Moov Money Benin", "BJ", "22902"),
			west("Moneroo", "orange_ci", "Orange Money Côte d'Ivoire", "CI", "22507"),
		}},
		{"gobipay", "GobiPay", []way{west("GobiPay", "MTN_BEN_XOF", "MTN Benin", "BJ", "22901"), west("GobiPay", "MOOV_TGO_XOF", "Moov Togo", "TG", "2289")}},
		{"yabandpay", "YabandPay", []way{{"YabandPay", "wallet_eur", "Wallet", "NL", "EUR", 18_000, providers.RoleAccount, "NL", 16, europeanGiven(), europeanFamily()}}},
		{"etpay", "ETpay", []way{{"ETpay", "cl_bank", "Bank transfer", "CL", "CLP", 45_000, providers.RoleAccount, "", 9, latinGiven(), latinFamily()}}},
		{"goldenpay", "GoldenPay", []way{
			{"GoldenPay", "th_bank", "Thai bank", "TH", "THB", 150_000, providers.RoleAccount, "", 10, thaiGiven(), thaiFamily()},
			{"GoldenPay", "vn_bank", "Vietnamese bank", "VN", "VND", 1_200_000, providers.RoleAccount, "", 12, vietGiven(), vietFamily()},
		}},
	}
	return all
}

func (w way) amount(r *rand.Rand) money.Amount {
	minor := float64(w.mid) * math.Exp(r.NormFloat64())
	return money.Amount{Minor: max(int64(minor)/100*100, 100), Currency: w.currency}
}

// recipient is somebody who is paid.
type recipient struct{ name, number string }

// person picks who is paid: many are paid again and again.
func (h *History) person(r *rand.Rand, w way) recipient {
	known := h.payouts/20 + 10
	k := rand.New(rand.NewPCG(uint64(r.IntN(known)), uint64(len(w.method)))) //nolint:gosec // the same person for the same number
	number := w.prefix
	for range w.digits {
		number += strconv.Itoa(k.IntN(10))
	}
	return recipient{fmt.Sprintf("%s %s", w.given[k.IntN(len(w.given))], w.family[k.IntN(len(w.family))]), number}
}

func zones() []string {
	return []string{"Africa/Porto-Novo", "Africa/Abidjan", "Asia/Bangkok", "Europe/Amsterdam", "America/Santiago"}
}

func storeNames() []string {
	return []string{"Kora Market", "Lantern House", "Baobab Books", "Tamarind Foods", "Harbour Lights", "Cedar & Clay", "Blue Heron", "Saffron Lane", "Morning Tide", "Copper Kettle"}
}

func reasons() []string {
	return []string{"Salary", "Invoice", "Refund for order", "Commission", "Rent", "Prize", "Delivery", "Deposit back for", "Travel costs", "Harvest share"}
}

func failures() []string {
	return []string{"Wallet closed", "Wallet limit reached", "Recipient not found", "Bank is not reachable", "Name does not fit the account"}
}

func africanGiven() []string {
	return []string{"Koffi", "Adjoa", "Abdoulaye", "Aminata", "Yao", "Afi", "Moussa", "Fatou", "Sèna", "Ibrahim", "Akouvi", "Kwame", "Awa", "Rachidatou", "Sylvain", "Chantal"}
}

func africanFamily() []string {
	return []string{"Agbodjan", "Ndiaye", "Traoré", "Houngbédji", "Mensah", "Kouassi", "Diallo", "Adjovi", "Ouattara", "Dossou", "Amouzou", "Koné", "Bio", "Gnassingbé", "Sarr", "Zinsou"}
}

func europeanGiven() []string {
	return []string{"Anna", "Lukas", "Chloé", "Jan", "Sofie", "Marek", "Elena", "Pieter", "Zoë", "Émile"}
}

func europeanFamily() []string {
	return []string{"de Vries", "Müller", "Dubois", "Nowak", "Jansen", "Rossi", "Van den Berg", "Lindqvist", "O'Neil", "Zôla"}
}

func latinGiven() []string {
	return []string{"Juana", "Diego", "Camila", "Matías", "Valentina", "Benjamín", "Isidora", "Tomás", "Antonia", "Joaquín"}
}

func latinFamily() []string {
	return []string{"Pérez", "González", "Muñoz", "Rojas", "Díaz", "Soto", "Contreras", "Silva", "Martínez", "Sepúlveda"}
}

func thaiGiven() []string {
	return []string{"SOMYING", "SOMCHAI", "KANYA", "NATTAPONG", "PIMCHANOK", "WICHAI", "SIRIPORN", "ANAN"}
}

func thaiFamily() []string {
	return []string{"WATTANAKUL", "SRISUK", "CHAIYASIT", "BOONMEE", "THONGCHAI", "RATTANAPORN", "SAETANG", "PHROMSRI"}
}

func vietGiven() []string {
	return []string{"Nguyễn Văn", "Trần Thị", "Lê Minh", "Phạm Thu", "Hoàng Anh", "Vũ Đức", "Đặng Ngọc", "Bùi Thanh"}
}

func vietFamily() []string {
	return []string{"An", "Bình", "Châu", "Dũng", "Hà", "Khánh", "Linh", "Phúc"}
}
