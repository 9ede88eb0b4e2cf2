package demo

import (
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// deadLabel is the account whose address nobody answers at.
const deadLabel = "Moneroo, dead line"

// sampleAccount is one account of the demo. address "" is the simulator's.
type sampleAccount struct {
	store, provider, label, address string
	live                            bool
}

func accounts(dead string) []sampleAccount {
	return []sampleAccount{
		{store: koraMarket, provider: "moneroo", label: "Moneroo Benin", live: true},
		{store: koraMarket, provider: "gobipay", label: "GobiPay Cotonou", live: true},
		{store: lanternHouse, provider: "goldenpay", label: "GoldenPay Asia", live: true},
		{store: lanternHouse, provider: "goldenpay", label: "GoldenPay trial"},
		{store: lanternHouse, provider: "yabandpay", label: "YabandPay Europe", live: true},
		{store: lanternHouse, provider: "etpay", label: "ETpay Chile", live: true},
		{store: koraMarket, provider: deadProvider, label: deadLabel, address: dead, live: true},
	}
}

// What becomes of a sample after it is submitted.
const (
	pay = iota
	keepDraft
	discard
	leaveWaiting
	reject
	withdraw
	resolve
)

// sample is one payout of the demo's past. All people are made up.
type sample struct {
	ago     time.Duration
	by      string
	account string
	method  string
	amount  string
	reason  string
	details map[string]string
	then    int
	end     payout.State
}

const (
	adjoa  = "adjoa@paywicket.example"
	ifeoma = "ifeoma@paywicket.example"
	day    = 24 * time.Hour
)

func moneroo(number, first, last string) map[string]string {
	return map[string]string{"msisdn": number, "first_name": first, "last_name": last, "email": "payee@paywicket.example"}
}

func gobi(number, name string) map[string]string {
	return map[string]string{"phone_number": number, "fullname": name}
}

func vietnam(account, name, bank string) map[string]string {
	return map[string]string{"account_no": account, "account_name": name, "bank": bank}
}

func chile(name, rut, account string) map[string]string {
	return map[string]string{"name": name, "rut": rut, "bank": "cl_estado", "account_type": "cuenta_rut", "account_number": account}
}

func samples() []sample {
	return []sample{
		{13 * day, adjoa, "Moneroo Benin", "mtn_bj", "85,000", "Rent of the stall, November", moneroo("22997000926", "Koffi", "Agbodjan"), pay, payout.Paid},
		{12 * day, adjoa, "Moneroo Benin", "mtn_bj", "42,500", "Market porter, first half", moneroo("22996005512", "Sèna", "Dossou"), pay, payout.Paid},
		{11 * day, adjoa, "GoldenPay Asia", "vn_bank", "7,200,000", "Lampshades, invoice LH-2240", vietnam("19036512340926", "PHAM THI THANH HUYEN", "970407 TECHCOMBANK"), pay, payout.Paid},
		{10 * day, adjoa, "GobiPay Cotonou", "MTN_BEN_XOF", "310,000", "Cloth, delivery 18", gobi("2290196112290", "Abdoulaye Ndiaye-Sarr"), pay, payout.Paid},
		{9 * day, adjoa, "GoldenPay Asia", "th_bank", "18,250.75", "Ceramics, order 771", map[string]string{"account_no": "1234563308", "account_name": "SOMYING WATTANAKUL", "bank": "KBANK"}, pay, payout.Paid},
		{9*day - 3*time.Hour, adjoa, "ETpay Chile", "cl_bank", "385,050", "Alpaca blankets, order 31", chile("Rosa Huenchumil", "18765534-K", "18765534"), pay, payout.Paid},
		{8*day + 4*time.Hour, adjoa, "YabandPay Europe", "wallet_eur", "4,800.50", "Shop takings of October", nil, pay, payout.Paid},
		{8 * day, adjoa, "Moneroo Benin", "moov_bj", "64,001", "Transport to Parakou", moneroo("22995121925", "Rokia", "Traoré-Diakité"), pay, payout.Failed},
		{7 * day, adjoa, "Moneroo Benin", "mtn_bj", "85,000", "Repair of the roof", moneroo("22997000926", "Koffi", "Agbodjan"), pay, payout.Paid},
		{6 * day, adjoa, "GoldenPay Asia", "ph_gcash", "1,000.50", "Shell buttons", map[string]string{"account_no": "09171234567", "account_name": "Juan dela Cruz"}, pay, payout.Paid},
		{6*day - 2*time.Hour, adjoa, "ETpay Chile", "cl_bank", "92,001", "Market fee", chile("Pedro Antilef", "12345678-5", "12345678"), pay, payout.Failed},
		{5 * day, adjoa, "GoldenPay Asia", "vn_bank", "18,500,002", "Rent for the Hanoi warehouse, November", vietnam("2333908112341", "NGUYEN XUAN HUNG", "970412 PVCOMBANK"), pay, payout.Refused},
		{4 * day, adjoa, deadLabel, "mtn_bj", "12,000", "Test of the second line", moneroo("22997554411", "Fifamè", "Adjovi"), pay, payout.NotSent},
		{3 * day, adjoa, "GobiPay Cotonou", "MOOV_BEN_XOF", "28,003", "Flour for the canteen", map[string]string{"phone_number": "2290195006107"}, pay, payout.Paid},
		{52 * time.Hour, adjoa, "GoldenPay Asia", "vn_bank", "3,650,004", "Advance to the driver", vietnam("19036512341174", "VU THI NGOC ANH", "970407 TECHCOMBANK"), resolve, payout.Unknown},
		{51 * time.Hour, adjoa, "Moneroo Benin", "wave_ci", "150,003", "Shea butter, Abidjan", moneroo("2250707441290", "Awa", "Koné"), pay, payout.Paid},
		{50 * time.Hour, ifeoma, "Moneroo Benin", "mtn_bj", "20,000", "Petty cash", moneroo("22997118820", "Bastien", "Houénou"), pay, payout.Paid},
		{2 * day, adjoa, "GoldenPay Asia", "vn_bank", "48,600,000", "Deposit for the December lamps, invoice LH-2291", vietnam("19036512346630", "PHAM THI THANH HUYEN", "970407 TECHCOMBANK"), pay, payout.Paid},
		{30 * time.Hour, adjoa, "GobiPay Cotonou", "MTN_BEN_XOF", "45,000", "Cloth, delivery 19", gobi("2290196112290", "Abdoulaye Ndiaye-Sarr"), reject, payout.Rejected},
		{28 * time.Hour, adjoa, "Moneroo Benin", "mtn_bj", "9,000", "Typed twice by mistake", moneroo("22996005512", "Sèna", "Dossou"), withdraw, payout.Withdrawn},
		{26 * time.Hour, adjoa, "Moneroo Benin", "mtn_bj", "500", "Never mind", moneroo("22996005512", "Sèna", "Dossou"), discard, payout.Discarded},
		{22 * time.Hour, adjoa, "GoldenPay trial", "mock_thb", "500.00", "Trial of the mock channel", map[string]string{"account_no": "1234567890", "account_name": "SOMCHAI JAIDEE", "bank": "KBANK"}, pay, payout.Paid},
		{6 * time.Hour, adjoa, "GoldenPay Asia", "th_bank", "5,400.15", "Silk, order 772", map[string]string{"account_no": "1234560551", "account_name": "ANAN SRISUWAN", "bank": "SCB"}, pay, payout.Accepted},
		{5*time.Hour + 30*time.Minute, adjoa, "GoldenPay Asia", "th_bank", "12,904.50", "Looms, spare parts", map[string]string{"account_no": "1234568808", "account_name": "PREECHA THONGDEE", "bank": "KTB"}, pay, payout.Unknown},
		{5*time.Hour + 10*time.Minute, adjoa, "YabandPay Europe", "wallet_eur", "1,923.00", "Shop takings, first half of November", nil, pay, payout.Accepted},
		{5 * time.Hour, adjoa, "GoldenPay Asia", "vn_bank", "48,600,000", "Deposit for the December lamps, invoice LH-2291", vietnam("19036512346630", "PHAM THI THANH HUYEN", "970407 TECHCOMBANK"), leaveWaiting, payout.Submitted},
		{3 * time.Hour, adjoa, "Moneroo Benin", "mtn_bj", "42,500", "Market porter, second half", moneroo("22996005512", "Sèna", "Dossou"), leaveWaiting, payout.Submitted},
		{2 * time.Hour, ifeoma, "GobiPay Cotonou", "MTN_BEN_XOF", "75,000", "Cloth, delivery 20", gobi("2290197220146", "Ludovic Quenum"), leaveWaiting, payout.Submitted},
		{1 * time.Hour, adjoa, "Moneroo Benin", "orange_sn", "75,000", "Shea butter, Dakar", moneroo("221770007031", "Ibrahima", "N’Diaye"), leaveWaiting, payout.Submitted},
		{40 * time.Minute, adjoa, "Moneroo Benin", "mtn_bj", "", "Half-written", map[string]string{"first_name": "Ama"}, keepDraft, payout.Draft},
	}
}
