<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ru" sourcelanguage="en">
<context>
    <name>BasketActions</name>
    <message>
        <source>One less</source>
        <translation>На один меньше</translation>
    </message>
    <message>
        <source>One more</source>
        <translation>На один больше</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Отменить</translation>
    </message>
    <message>
        <source>Refund</source>
        <translation>Возврат</translation>
    </message>
    <message>
        <source>Parked</source>
        <translation>Отложены</translation>
    </message>
    <message>
        <source>Park</source>
        <translation>Отложить</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Убрать</translation>
    </message>
    <message>
        <source>Quantity</source>
        <translation>Количество</translation>
    </message>
</context>
<context>
    <name>BasketPanel</name>
    <message>
        <source>Basket</source>
        <translation>Корзина</translation>
    </message>
</context>
<context>
    <name>CountsPanel</name>
    <message>
        <source>One less</source>
        <translation>На один меньше</translation>
    </message>
    <message>
        <source>One more</source>
        <translation>На один больше</translation>
    </message>
</context>
<context>
    <name>CornerScreen</name>
    <message>
        <source>Back to the sale</source>
        <translation>К продаже</translation>
    </message>
</context>
<context>
    <name>DeskSide</name>
    <message>
        <source>On the scale, kg</source>
        <translation>На весах, кг</translation>
    </message>
    <message>
        <source>Nothing</source>
        <translation>Ничего</translation>
    </message>
    <message>
        <source>Terminal says yes</source>
        <translation>Терминал: да</translation>
    </message>
    <message>
        <source>Terminal says no</source>
        <translation>Терминал: нет</translation>
    </message>
</context>
<context>
    <name>DeskWindow</name>
    <message>
        <source>Simulated desk</source>
        <translation>Имитация рабочего места</translation>
    </message>
    <message>
        <source>Cards to tap</source>
        <translation>Карты</translation>
    </message>
    <message>
        <source>Codes to scan</source>
        <translation>Штрихкоды</translation>
    </message>
    <message>
        <source>Paper</source>
        <translation>Чек</translation>
    </message>
    <message>
        <source>New card</source>
        <translation>Новая карта</translation>
    </message>
    <message>
        <source>Take it away</source>
        <translation>Убрать карту</translation>
    </message>
    <message>
        <source>Any code</source>
        <translation>Любой код</translation>
    </message>
    <message>
        <source>Scan</source>
        <translation>Сканировать</translation>
    </message>
    <message>
        <source>Printer on</source>
        <translation>Включить принтер</translation>
    </message>
    <message>
        <source>Printer off</source>
        <translation>Выключить принтер</translation>
    </message>
    <message>
        <source>Drawer is shut</source>
        <translation>Ящик закрыт</translation>
    </message>
    <message>
        <source>Drawer opened</source>
        <translation>Ящик открыт</translation>
    </message>
</context>
<context>
    <name>EmptyBasket</name>
    <message>
        <source>Scan the first product</source>
        <translation>Отсканируйте первый товар</translation>
    </message>
</context>
<context>
    <name>Keypad</name>
    <message>
        <source>Correct</source>
        <translation>Исправить</translation>
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
        <translation>Снять карту с этой покупки</translation>
    </message>
    <message>
        <source>What can be done for the member</source>
        <translation>Что можно сделать для участника</translation>
    </message>
</context>
<context>
    <name>MemberCards</name>
    <message>
        <source>Add</source>
        <translation>Добавить</translation>
    </message>
    <message>
        <source>Choose</source>
        <translation>Выбрать</translation>
    </message>
    <message>
        <source>Choose for me</source>
        <translation>Выбрать за меня</translation>
    </message>
    <message>
        <source>Don't spend</source>
        <translation>Не списывать</translation>
    </message>
    <message>
        <source>Spend</source>
        <translation>Списать</translation>
    </message>
</context>
<context>
    <name>NoMember</name>
    <message>
        <source>Card or phone?</source>
        <translation>Карта или телефон?</translation>
    </message>
    <message>
        <source>Tap or scan the card, or type the phone number</source>
        <translation>Приложите или отсканируйте карту, или введите номер телефона</translation>
    </message>
    <message>
        <source>Enrol</source>
        <translation>Записать</translation>
    </message>
</context>
<context>
    <name>PaidPanel</name>
    <message>
        <source>Next customer</source>
        <translation>Следующий покупатель</translation>
    </message>
</context>
<context>
    <name>PaperView</name>
    <message>
        <source>Nothing printed yet</source>
        <translation>Ещё ничего не напечатано</translation>
    </message>
    <message>
        <source>Receipt</source>
        <translation>Чек</translation>
    </message>
</context>
<context>
    <name>PayButton</name>
    <message>
        <source>Pay</source>
        <translation>Оплата</translation>
    </message>
    <message>
        <source>Take cash</source>
        <translation>Принять</translation>
    </message>
    <message>
        <source>Give back</source>
        <translation>Выдать</translation>
    </message>
</context>
<context>
    <name>PaymentPanel</name>
    <message>
        <source>To pay</source>
        <translation>К оплате</translation>
    </message>
    <message>
        <source>Cash given</source>
        <translation>Получено</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Назад</translation>
    </message>
    <message>
        <source>Gift card</source>
        <translation>Подарочная карта</translation>
    </message>
    <message>
        <source>To give back</source>
        <translation>К выдаче</translation>
    </message>
    <message>
        <source>Take back</source>
        <translation>Убрать</translation>
    </message>
    <message>
        <source>Then left to pay</source>
        <translation>Останется оплатить</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Сдача</translation>
    </message>
    <message>
        <source>Exact</source>
        <translation>Ровно</translation>
    </message>
</context>
<context>
    <name>QuantityPanel</name>
    <message>
        <source>Back</source>
        <translation>Назад</translation>
    </message>
    <message>
        <source>Set quantity</source>
        <translation>Задать количество</translation>
    </message>
</context>
<context>
    <name>ResultsPanel</name>
    <message>
        <source>Found</source>
        <translation>Найдено</translation>
    </message>
</context>
<context>
    <name>SaleScreen</name>
    <message>
        <source>Training</source>
        <translation>Обучение</translation>
    </message>
    <message>
        <source>Name, code or phone</source>
        <translation>Название, код или телефон</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Поиск</translation>
    </message>
    <message>
        <source>Favourites</source>
        <translation>Избранное</translation>
    </message>
    <message>
        <source>Everything else</source>
        <translation>Всё остальное</translation>
    </message>
</context>
<context>
    <name>StateLine</name>
    <message>
        <source>The day&apos;s figures</source>
        <translation>Показатели дня</translation>
    </message>
    <message>
        <source>EN</source>
        <translation>RU</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Язык</translation>
    </message>
    <message>
        <source>Light or dark</source>
        <translation>Светлая или тёмная тема</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>Обучение</translation>
    </message>
</context>
<context>
    <name>TotalCard</name>
    <message>
        <source>Total</source>
        <translation>Итого</translation>
    </message>
</context>
</TS>
