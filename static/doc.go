// Package static holds the files that browsers load: style sheet, scripts, pictures. They are part of the binary, are
// named after their content and may be cached for ever.
//
// The style sheet is written as one file a component and joined here in the order of css/order.txt; pages ask for
// "css/app.css". The package makes no promise of compatibility.
package static
