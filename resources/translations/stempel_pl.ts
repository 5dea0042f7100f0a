<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="pl" sourcelanguage="en">
<context>
    <name>BasketActions</name>
    <message>
        <source>One less</source>
        <translation>Mniej o jeden</translation>
    </message>
    <message>
        <source>One more</source>
        <translation>Więcej o jeden</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Cofnij</translation>
    </message>
    <message>
        <source>Refund</source>
        <translation>Zwrot</translation>
    </message>
    <message>
        <source>Parked</source>
        <translation>Odłożone</translation>
    </message>
    <message>
        <source>Park</source>
        <translation>Odłóż</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Usuń</translation>
    </message>
    <message>
        <source>Quantity</source>
        <translation>Ilość</translation>
    </message>
</context>
<context>
    <name>BasketPanel</name>
    <message>
        <source>Basket</source>
        <translation>Koszyk</translation>
    </message>
</context>
<context>
    <name>CountsPanel</name>
    <message>
        <source>One less</source>
        <translation>Mniej o jeden</translation>
    </message>
    <message>
        <source>One more</source>
        <translation>Więcej o jeden</translation>
    </message>
</context>
<context>
    <name>CornerScreen</name>
    <message>
        <source>Back to the sale</source>
        <translation>Do sprzedaży</translation>
    </message>
</context>
<context>
    <name>DeskSide</name>
    <message>
        <source>On the scale, kg</source>
        <translation>Na wadze, kg</translation>
    </message>
    <message>
        <source>Nothing</source>
        <translation>Nic</translation>
    </message>
    <message>
        <source>Terminal says yes</source>
        <translation>Terminal mówi tak</translation>
    </message>
    <message>
        <source>Terminal says no</source>
        <translation>Terminal mówi nie</translation>
    </message>
</context>
<context>
    <name>DeskWindow</name>
    <message>
        <source>Simulated desk</source>
        <translation>Symulowane stanowisko</translation>
    </message>
    <message>
        <source>Cards to tap</source>
        <translation>Karty do przyłożenia</translation>
    </message>
    <message>
        <source>Codes to scan</source>
        <translation>Kody do zeskanowania</translation>
    </message>
    <message>
        <source>Paper</source>
        <translation>Wydruk</translation>
    </message>
    <message>
        <source>New card</source>
        <translation>Nowa karta</translation>
    </message>
    <message>
        <source>Take it away</source>
        <translation>Zabierz kartę</translation>
    </message>
    <message>
        <source>Any code</source>
        <translation>Dowolny kod</translation>
    </message>
    <message>
        <source>Scan</source>
        <translation>Skanuj</translation>
    </message>
    <message>
        <source>Printer on</source>
        <translation>Włącz drukarkę</translation>
    </message>
    <message>
        <source>Printer off</source>
        <translation>Wyłącz drukarkę</translation>
    </message>
    <message>
        <source>Drawer is shut</source>
        <translation>Szuflada zamknięta</translation>
    </message>
    <message>
        <source>Drawer opened</source>
        <translation>Szuflada otwarta</translation>
    </message>
</context>
<context>
    <name>EmptyBasket</name>
    <message>
        <source>Scan the first product</source>
        <translation>Zeskanuj pierwszy towar</translation>
    </message>
</context>
<context>
    <name>Keypad</name>
    <message>
        <source>Correct</source>
        <translation>Popraw</translation>
    </message>
    <message>
        <source>.</source>
        <translation>,</translation>
    </message>
</context>
<context>
    <name>MemberCard</name>
    <message>
        <source>Take the card off this sale</source>
        <translation>Zdejmij kartę z tej sprzedaży</translation>
    </message>
    <message>
        <source>What can be done for the member</source>
        <translation>Co można zrobić dla klienta</translation>
    </message>
</context>
<context>
    <name>MemberCards</name>
    <message>
        <source>Add</source>
        <translation>Dodaj</translation>
    </message>
    <message>
        <source>Choose</source>
        <translation>Wybierz</translation>
    </message>
    <message>
        <source>Choose for me</source>
        <translation>Wybierz za mnie</translation>
    </message>
    <message>
        <source>Don't spend</source>
        <translation>Nie wydawaj</translation>
    </message>
    <message>
        <source>Spend</source>
        <translation>Wydaj</translation>
    </message>
</context>
<context>
    <name>NoMember</name>
    <message>
        <source>Card or phone?</source>
        <translation>Karta czy telefon?</translation>
    </message>
    <message>
        <source>Tap or scan the card, or type the phone number</source>
        <translation>Przyłóż lub zeskanuj kartę albo wpisz numer telefonu</translation>
    </message>
    <message>
        <source>Enrol</source>
        <translation>Zapisz</translation>
    </message>
</context>
<context>
    <name>PaidPanel</name>
    <message>
        <source>Next customer</source>
        <translation>Następny klient</translation>
    </message>
</context>
<context>
    <name>PaperView</name>
    <message>
        <source>Nothing printed yet</source>
        <translation>Nic jeszcze nie wydrukowano</translation>
    </message>
    <message>
        <source>Receipt</source>
        <translation>Paragon</translation>
    </message>
</context>
<context>
    <name>PayButton</name>
    <message>
        <source>Pay</source>
        <translation>Zapłać</translation>
    </message>
    <message>
        <source>Take cash</source>
        <translation>Przyjmij</translation>
    </message>
    <message>
        <source>Give back</source>
        <translation>Wydaj</translation>
    </message>
</context>
<context>
    <name>PaymentPanel</name>
    <message>
        <source>To pay</source>
        <translation>Do zapłaty</translation>
    </message>
    <message>
        <source>Cash given</source>
        <translation>Gotówka</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Wróć</translation>
    </message>
    <message>
        <source>Gift card</source>
        <translation>Karta podarunkowa</translation>
    </message>
    <message>
        <source>To give back</source>
        <translation>Do wydania</translation>
    </message>
    <message>
        <source>Take back</source>
        <translation>Cofnij</translation>
    </message>
    <message>
        <source>Then left to pay</source>
        <translation>Zostanie do zapłaty</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Reszta</translation>
    </message>
    <message>
        <source>Exact</source>
        <translation>Równo</translation>
    </message>
</context>
<context>
    <name>QuantityPanel</name>
    <message>
        <source>Back</source>
        <translation>Wróć</translation>
    </message>
    <message>
        <source>Set quantity</source>
        <translation>Ustaw ilość</translation>
    </message>
</context>
<context>
    <name>ResultsPanel</name>
    <message>
        <source>Found</source>
        <translation>Znalezione</translation>
    </message>
</context>
<context>
    <name>SaleScreen</name>
    <message>
        <source>Training</source>
        <translation>Szkolenie</translation>
    </message>
    <message>
        <source>Name, code or phone</source>
        <translation>Nazwa, kod lub telefon</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Szukaj</translation>
    </message>
    <message>
        <source>Favourites</source>
        <translation>Ulubione</translation>
    </message>
    <message>
        <source>Everything else</source>
        <translation>Wszystko inne</translation>
    </message>
</context>
<context>
    <name>StateLine</name>
    <message>
        <source>The day&apos;s figures</source>
        <translation>Dane dnia</translation>
    </message>
    <message>
        <source>EN</source>
        <translation>PL</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Język</translation>
    </message>
    <message>
        <source>Light or dark</source>
        <translation>Jasny lub ciemny</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>Szkolenie</translation>
    </message>
</context>
<context>
    <name>TotalCard</name>
    <message>
        <source>Total</source>
        <translation>Razem</translation>
    </message>
</context>
</TS>
